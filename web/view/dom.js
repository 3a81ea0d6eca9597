// Small ways to write the DOM: no strings of HTML anywhere, so nothing said or answered can become markup.

/**
 * `class`, `on…` listeners, `data-…`/`aria-…`/`role` attributes, or properties of the element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @typedef {{[name: `data-${string}`|`aria-${string}`]: unknown, class?: string, role?: string}
 *   & {[name: `on${string}`]: (event: never) => void}
 *   & Partial<Omit<HTMLElementTagNameMap[Tag], `on${string}`|`aria${string}`>>} Properties
 */

/**
 * @overload
 * @param {string} id
 * @returns {HTMLElement}
 */
/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @overload
 * @param {string} id
 * @param {Tag} tag
 * @returns {HTMLElementTagNameMap[Tag]}
 */
/**
 * An element of index.html, which must be there.
 * @param {string} id
 * @param {string} [tag]   its tag, for what only elements of that kind have
 * @returns {HTMLElement}
 */
export function byId(id, tag) {
  const found = document.getElementById(id);
  if (!found || (tag && found.localName !== tag)) throw new Error(`no ${tag ?? 'element'} #${id} in index.html`);
  return found;
}

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties<Tag>} [properties]
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(/** @type {Record<string, unknown>} */ (properties))) {
    if (value === undefined || value === null) continue;
    if (name === 'class') node.className = String(value);
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (name.includes('-') || name === 'role') node.setAttribute(name, String(value));
    else Reflect.set(node, name, value);
  }
  node.append(.../** @type {(Node|string)[]} */ (children.filter((child) => child || child === '')));
  return node;
}

/** An icon of icons.svg; what it means stands beside it. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `./icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** Set text only when it differs. @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Keeps one node per item, in order; a node is made anew only when its item changed.
 * @template T
 * @template {HTMLElement} [N=HTMLElement]
 */
export class KeyedList {
  /**
   * @param {Element} parent
   * @param {(item: T) => string} key
   * @param {(item: T, old: N|null) => N} render  gets the old node to change, or null; gives the node
   */
  constructor(parent, key, render) {
    this._parent = parent;
    this._key = key;
    this._render = render;
    /** @type {Map<string, {item: T, node: N}>} */
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
      const node = old?.item === item ? old.node : this._render(item, old?.node ?? null);
      if (old?.item !== item) {
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

/** Keeps a place in sight while the text around it grows, unless the person scrolled away from it. */
export class Follow {
  /** @param {HTMLElement} box  what scrolls; where the window is too low for that, the page does @param {() => Element|null} place */
  constructor(box, place) {
    this._box = box;
    this._place = place;
    this._follows = true;
    document.addEventListener('scroll', ({ target }) => {
      const at = target === box || target === document ? this._place() : null;
      if (at?.checkVisibility()) this._follows = this._isSeen(at);
    }, { passive: true, capture: true });
    new ResizeObserver(() => this.keep()).observe(box);
  }

  keep() {
    const at = this._place();
    if (this._follows && at?.checkVisibility()) at.scrollIntoView({ block: 'nearest' });
  }

  /** The person asked for the place: wherever it was scrolled to, it is shown. */
  show() {
    this._follows = true;
    this.keep();
  }

  /** @param {Element} at */
  _isSeen(at) {
    const { top, bottom } = at.getBoundingClientRect();
    const box = this._box.getBoundingClientRect();
    return bottom > Math.max(0, box.top) && top < Math.min(innerHeight, box.bottom);
  }
}

/** A time of day where the person is, 24 hours. @param {string} at ISO 8601 */
export function clock(at) {
  const date = new Date(at);
  if (!at || Number.isNaN(date.getTime())) return '';
  return date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}
