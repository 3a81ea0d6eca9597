// Growing text → whole sentences, for announcing. Pure.

/** Where the last whole sentence of ``text`` ends; 0 when there is none yet. @param {string} text */
export function wholeSentences(text) {
  let end = 0;
  for (const match of text.matchAll(/(?<!\b(?:Dr|Mr|Mrs|Ms|vs|approx|e\.g|i\.e|No|Fig))[.!?:]["”')\]]*(?=\s)|\n/g)) {
    end = match.index + match[0].length;
  }
  return end;
}

/** Markdown as it would be read aloud. @param {string} text */
export function spoken(text) {
  return text
    .replace(/```[^\n]*\n?/g, '')
    .replace(/^\s*(?:#{1,6}|[-*+]|>|\d+[.)])\s+/gm, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`]+/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
