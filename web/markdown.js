// Markdown as models write it → a tree. Pure; what it does not know stays text, so nothing is lost.

/**
 * @typedef {{type: 'text'|'code', text: string}
 *   | {type: 'strong'|'em', children: Inline[]}
 *   | {type: 'link', href: string, children: Inline[]}} Inline
 * @typedef {{type: 'paragraph', children: Inline[]}
 *   | {type: 'heading', level: number, children: Inline[]}
 *   | {type: 'code', text: string}
 *   | {type: 'rule'}
 *   | {type: 'quote', blocks: Block[]}
 *   | {type: 'list', ordered: boolean, start: number, items: Block[][]}
 *   | {type: 'table', head: Inline[][], rows: Inline[][][]}} Block
 */

const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const HEADING = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const FENCE = /^\s*(```|~~~)/;
const RULE = /^\s{0,3}([-*_])(?:\s*\1){2,}\s*$/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

/** @param {string} text @returns {Block[]} */
export function parse(text) {
  return blocks(text.replace(/\r\n?/g, '\n').split('\n'), 0);
}

/** @param {string[]} lines @param {number} depth @returns {Block[]} */
function blocks(lines, depth) {
  /** @type {Block[]} */
  const out = [];
  let i = 0;
  while (i < lines.length) {
    const line = lines[i];
    if (!line.trim()) {
      i += 1;
    } else if (FENCE.test(line)) {
      const fence = /** @type {RegExpExecArray} */ (FENCE.exec(line))[1];
      const start = i + 1;
      i = start;
      while (i < lines.length && !lines[i].trim().startsWith(fence)) i += 1;
      out.push({ type: 'code', text: lines.slice(start, i).join('\n') });
      i += 1;
    } else if (HEADING.test(line)) {
      const [, marks, title] = /** @type {RegExpExecArray} */ (HEADING.exec(line));
      out.push({ type: 'heading', level: marks.length, children: inline(title) });
      i += 1;
    } else if (RULE.test(line)) {
      out.push({ type: 'rule' });
      i += 1;
    } else if (/^\s*>/.test(line) && depth < 8) {
      const start = i;
      while (i < lines.length && /^\s*>/.test(lines[i])) i += 1;
      out.push({ type: 'quote', blocks: blocks(lines.slice(start, i).map((each) => each.replace(/^\s*> ?/, '')), depth + 1) });
    } else if (line.includes('|') && i + 1 < lines.length && lines[i + 1].includes('-') && TABLE_RULE.test(lines[i + 1])) {
      const head = cells(line);
      const rows = [];
      i += 2;
      while (i < lines.length && lines[i].includes('|')) {
        rows.push(cells(lines[i]));
        i += 1;
      }
      out.push({ type: 'table', head, rows });
    } else if (ITEM.test(line) && depth < 8) {
      const [list, next] = readList(lines, i, depth);
      out.push(list);
      i = next;
    } else {
      const start = i;
      i += 1;
      while (i < lines.length && lines[i].trim() && !startsBlock(lines[i])) i += 1;
      out.push({ type: 'paragraph', children: inline(lines.slice(start, i).map((each) => each.trim()).join('\n')) });
    }
  }
  return out;
}

/** @param {string} line */
function startsBlock(line) {
  return FENCE.test(line) || HEADING.test(line) || ITEM.test(line) || /^\s*>/.test(line) || RULE.test(line);
}

/** @param {string[]} lines @param {number} i @param {number} depth @returns {[Block, number]} */
function readList(lines, i, depth) {
  const [, indent, marker] = /** @type {RegExpExecArray} */ (ITEM.exec(lines[i]));
  const ordered = /\d/.test(marker);
  /** @type {string[][]} */
  const items = [];
  while (i < lines.length) {
    const match = ITEM.exec(lines[i]);
    if (match && match[1].length <= indent.length && /\d/.test(match[2]) === ordered) {
      items.push([match[3]]);
    } else if (match && match[1].length > indent.length) {
      items.at(-1)?.push(lines[i].slice(indent.length + 1));
    } else if (match || (!lines[i].trim() && !ITEM.test(lines[i + 1] ?? '') && !/^\s{2,}\S/.test(lines[i + 1] ?? ''))) {
      break;
    } else if (/^\s{2,}\S/.test(lines[i]) || !lines[i].trim()) {
      items.at(-1)?.push(lines[i].replace(/^\s{1,3}/, ''));
    } else if (startsBlock(lines[i])) {
      break;
    } else {
      items.at(-1)?.push(lines[i]); // a line that runs on
    }
    i += 1;
  }
  const start = ordered ? Number.parseInt(marker, 10) : 1;
  return [{ type: 'list', ordered, start, items: items.map((each) => blocks(each, depth + 1)) }, i];
}

/** @param {string} line @returns {Inline[][]} */
function cells(line) {
  return line.trim().replace(/^\|/, '').replace(/\|$/, '').split('|').map((cell) => inline(cell.trim()));
}

const SPAN = new RegExp([
  '`([^`\\n]+)`', // 1 code
  '\\*\\*(?=\\S)([\\s\\S]+?)(?<=\\S)\\*\\*', // 2 strong
  '(?<!\\w)__(?=\\S)([\\s\\S]+?)(?<=\\S)__(?!\\w)', // 3 strong
  '\\*(?=[^\\s*])([^*]+?)(?<=\\S)\\*', // 4 em
  '(?<!\\w)_(?=\\S)([^_]+?)(?<=\\S)_(?!\\w)', // 5 em
  '\\[([^\\]\\n]+)\\]\\(([^()\\s]+)\\)', // 6, 7 link
].join('|'));

/** @param {string} text @param {number} [depth] @returns {Inline[]} */
export function inline(text, depth = 0) {
  /** @type {Inline[]} */
  const out = [];
  let rest = text;
  for (;;) {
    const match = depth < 6 ? SPAN.exec(rest) : null;
    if (!match) break;
    if (match.index > 0) out.push({ type: 'text', text: rest.slice(0, match.index) });
    const [all, code, strong, strong2, em, em2, label, href] = match;
    if (code !== undefined) out.push({ type: 'code', text: code });
    else if (strong ?? strong2) out.push({ type: 'strong', children: inline(strong ?? strong2, depth + 1) });
    else if (em ?? em2) out.push({ type: 'em', children: inline(em ?? em2, depth + 1) });
    else if (/^https?:\/\//i.test(href)) out.push({ type: 'link', href, children: inline(label, depth + 1) });
    else out.push({ type: 'text', text: all });
    rest = rest.slice(match.index + all.length);
  }
  if (rest) out.push({ type: 'text', text: rest });
  return out;
}
