// What went with a question, in words. Pure.

/** @typedef {{document_chars: number, earlier: number, images: string}} Context */

/** @param {Context|null} context */
export function contextInWords(context) {
  if (!context) return '';
  const parts = [];
  if (context.document_chars > 0) parts.push('the report so far');
  if (context.earlier > 0) parts.push(`${context.earlier} earlier ${context.earlier === 1 ? 'question' : 'questions'}`);
  if (context.images) parts.push(context.images === 'all attached' ? 'all attached images' : context.images);
  return parts.length ? `Asked with ${parts.join(' · ')}` : '';
}
