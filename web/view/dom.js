// Small ways to write the DOM: no strings of HTML anywhere, so nothing said or answered can become markup.

/** @param {string} id @returns {any} the element, which must be there */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id} in index.html`);
  return found;
}

/**
 * @param {string} tag
 * @param {Record<string, any>} [properties]  `class`, `on…` listeners, `data-…`/`aria-…`/`role` attributes, or properties
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {any}
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name === 'class') node.className = value;
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name.includes('-') || name === 'role') node.setAttribute(name, String(value));
    else /** @type {any} */ (node)[name] = value;
  }
  node.append(.../** @type {(Node|string)[]} */ (children.filter((child) => child || child === '')));
  return node;
}

/** Set text only when it differs. @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Keeps one node per item, in order; a node is made anew only when its item changed.
 * @template T
 */
export class KeyedList {
  /**
   * @param {Element} parent
   * @param {(item: T) => string} key
   * @param {(item: T, old: any) => any} render  gets the old node to change, or null; gives the node
   */
  constructor(parent, key, render) {
    this._parent = parent;
    this._key = key;
    this._render = render;
    /** @type {Map<string, {item: T, node: any}>} */
    this._shown = new Map();
  }

  /** @param {T[]} items */
  update(items) {
    const keys = new Set(items.map(this._key));
    for (const [key, { node }] of this._shown) {
      if (keys.has(key)) continue;
      node.remove();
      this._shown.delete(key);
    }
    /** @type {Element|null} */
    let before = this._parent.firstElementChild;
    for (const item of items) {
      const key = this._key(item);
      const old = this._shown.get(key);
      let node = old?.node;
      if (!old || old.item !== item) {
        node = this._render(item, old?.node ?? null);
        if (old && old.node !== node) {
          if (before === old.node) before = node;
          old.node.replaceWith(node);
        }
        this._shown.set(key, { item, node });
      }
      if (node === before) before = before?.nextElementSibling ?? null;
      else this._parent.insertBefore(node, before);
    }
  }
}

/** Follows what grows at the end of a scrolled box, unless the person scrolled away from it. Where the window is
 * too low for boxes of their own, the page is what scrolls. */
export class FollowEnd {
  /** @param {HTMLElement} box */
  constructor(box) {
    this._box = box;
    this._atEnd = true;
    document.addEventListener('scroll', ({ target }) => {
      const scroller = this._scroller();
      if (target !== scroller && target !== document) return;
      this._atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 48;
    }, { passive: true, capture: true });
    new ResizeObserver(() => this._scroller() === box && this.keep()).observe(box);
  }

  _scroller() {
    return getComputedStyle(this._box).overflowY === 'visible' ? document.documentElement : this._box;
  }

  keep() {
    if (!this._atEnd || !this._box.checkVisibility()) return;
    const scroller = this._scroller();
    scroller.scrollTop = scroller.scrollHeight;
  }
}

/** A time of day where the person is, 24 hours. @param {string} at ISO 8601 */
export function clock(at) {
  const date = new Date(at);
  if (!at || Number.isNaN(date.getTime())) return '';
  return date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}
