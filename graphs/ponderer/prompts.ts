export const thinkPrompt = `Think about the last message before anybody answers it. Write down, for yourself, what is asked,
what is known, what is assumed, and the answer that you would give now. Do not address the person.`;

export const critiquePrompt = `You review the thoughts of a colleague about the conversation below. Name what is wrong, what is missing
and what is uncertain, the most important first. Do not answer the question yourself.`;

export const answerPrompt = `Answer the last message. You have your own thoughts and a colleague's review of them; use what holds.
Write the answer only, in the language of the question, without mentioning thoughts or review.`;

export function thoughtsNote(thoughts: string): string {
  return `Thoughts:\n${thoughts}`;
}

export function reviewNote(review: string): string {
  return `Review:\n${review}`;
}
