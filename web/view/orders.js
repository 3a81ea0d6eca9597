// The list of orders: found, opened as reports, written by hand.

import {
  listedOrders, mayOpen, openOrder, orderDoubt, orderHeading, orderLine, removeOrder, sourcesInWords, writeOrder,
} from '../orders.js';
import { byId, element, setText } from './dom.js';

/** @typedef {import('../state.js').State} State */
/** @typedef {import('../orders.js').ListedOrder} ListedOrder */

/**
 * @param {object} actions
 * @param {(token: string) => void} actions.open   go on with a report
 * @param {(numbers: string[]) => void} actions.offerPictures   of the order's study, where an archive has some
 */
export function ordersView({ open, offerPictures }) {
  const dialog = byId('orders', 'dialog');
  const find = byId('orders-find', 'form');
  const written = byId('order-form', 'form');
  const list = byId('orders-list');
  const say = (/** @type {string} */ words) => setText(byId('orders-said'), words);
  let asked = 0;
  /** The report that was just begun, and the numbers of its pictures, the surest first. */
  let begun = { id: '', numbers: /** @type {string[]} */ ([]) };

  async function show() {
    const run = ++asked;
    const query = Object.fromEntries(/** @type {Iterable<[string, string]>} */ (new FormData(find)));
    try {
      const { orders, count, sources } = await listedOrders(query);
      if (run !== asked) return;
      list.replaceChildren(...orders.map(row));
      say(count === 0 ? 'No order fits.' : `${count} order${count === 1 ? '' : 's'}${count > orders.length ? `, of which ${orders.length} are shown` : ''}`);
      setText(byId('orders-sources'), sourcesInWords(sources));
    } catch (error) {
      list.replaceChildren();
      say(/** @type {Error} */ (error).message);
    }
  }

  /** @param {ListedOrder} order */
  function row(order) {
    const name = orderHeading(order);
    const doubt = orderDoubt(order);
    return element('li', { 'data-order': order.id },
      element('div', { class: 'worklist-what' },
        element('p', { class: 'worklist-name' }, name),
        element('p', { class: 'fine' }, orderLine(order)),
        doubt ? element('p', { class: 'wrong' }, doubt) : ''),
      mayOpen(order)
        ? element('button', { type: 'button', class: 'strong', 'aria-label': `Report: ${name}`, onclick: () => void begin(order) }, 'Report')
        : '',
      order.by_hand && order.state === 'open'
        ? element('button', { type: 'button', class: 'quiet', 'aria-label': `Delete the order: ${name}`, onclick: () => void drop(order) }, 'Delete')
        : '');
  }

  /** @param {ListedOrder} order */
  async function begin(order) {
    try {
      const { id, token } = await openOrder(order.id);
      begun = { id, numbers: [order.order.study ?? '', order.order.accession ?? ''].filter(Boolean) };
      dialog.close();
      open(token);
    } catch (error) {
      await show();
      say(/** @type {Error} */ (error).message);
    }
  }

  /** @param {ListedOrder} order */
  async function drop(order) {
    if (!confirm(`Delete this order? “${orderHeading(order)}”`)) return;
    try {
      await removeOrder(order.id);
      await show();
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  }

  find.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    void show();
  });
  find.addEventListener('change', () => void show());
  written.addEventListener('submit', async (/** @type {Event} */ event) => {
    event.preventDefault();
    const { name, id, born, sex, ...order } = Object.fromEntries(/** @type {Iterable<[string, string]>} */ (new FormData(written)));
    try {
      const patient = /** @type {import('../protocol.js').Patient} */ ({ name, id, born, sex });
      await writeOrder(patient, order);
      written.reset();
      byId('order-new', 'details').open = false;
      find.reset();
      await show();
      byId('orders-title').focus();
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  });
  byId('orders-open').addEventListener('click', () => {
    byId('worklist', 'dialog').close();
    find.reset();
    dialog.showModal();
    void show();
  });
  byId('orders-reports').addEventListener('click', () => {
    dialog.close();
    byId('worklist-open').click();
  });

  return (/** @type {State} */ state) => {
    if (!begun.id || state.session?.id !== begun.id) return;
    const { numbers } = begun;
    begun = { id: '', numbers: [] };
    if (state.session.archive) offerPictures(numbers);
  };
}
