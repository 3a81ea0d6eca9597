// What belongs to one answer on the server: its prompt, the lab table read from it. No DOM.

import { get } from './reports.js';

/**
 * @typedef {import('./reports.js').SessionKey} SessionKey
 * @typedef {{type: 'text', text: string, source: string} | {type: 'image', image: number, source: string}} PromptPart
 */

/** What the model was given, in its order. @param {SessionKey} key @param {string} responseId @returns {Promise<PromptPart[]>} */
export async function prompt(key, responseId) {
  return (await (await get(key, `answers/${responseId}/prompt`)).json()).parts;
}

/** One image of it. @param {SessionKey} key @param {string} responseId @param {number} image */
export async function promptImage(key, responseId, image) {
  return (await get(key, `answers/${responseId}/images/${image}`)).blob();
}

/** The lab table as a file. @param {SessionKey} key @param {string} responseId @param {'csv'|'fhir'} format */
export async function labs(key, responseId, format) {
  return (await get(key, `answers/${responseId}/labs?format=${format}`)).blob();
}

/** An answer without the JSON that is shown as boxes or as a table, and the words that announce it. @param {string} text */
export function withoutJson(text) {
  return text.replace(/(?:\**Final Answer:?\**:?\s*)?```json[\s\S]*?(?:```|$)/gi, '').trim();
}

/** What goes into the report: an answer that was stopped or broken off says so there. @param {{text: string, status: string}} answer */
export function forReport({ text, status }) {
  return status === 'completed' ? plainLines(text) : `${plainLines(text)} [answer cut off]`;
}

/** Markdown → lines of plain text, as a report has them. Blocks of code (boxes, tables as JSON) are left out. @param {string} text */
export function plainLines(text) {
  return text
    .replace(/(?:\**Final Answer:?\**:?\s*)?```[\s\S]*?(?:```|$)/gi, '')
    .replace(/^[ \t]*(?:#{1,6}|[-*+]|>)[ \t]+/gm, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(\*\*|__|`)(.*?)\1/g, '$2')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
