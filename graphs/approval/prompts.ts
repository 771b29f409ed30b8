export const drafterPrompt = `You draft an answer to the last message, in its language. A person reads the draft before anybody else does.
Write the draft only, complete and ready to be sent.`;

export const finisherPrompt = `You write the final answer to the last message, in its language. Below is a draft that a person has read,
and what that person said of it, if anything. Follow the person's wishes and keep everything else of the draft.
Write the answer only, without mentioning the draft or the person.`;

export const approvalQuestion =
  "Shall this answer be given? Approve it, with a comment if something is to change. Declined, there is no answer.";
export const unclearQuestion =
  "That was no clear answer. Shall this answer be given? Approve it, refuse it, or say what to change.";
export const refusalText = "The draft was refused, so there is no answer.";

export function draftNote(draft: string): string {
  return `Draft:\n${draft}`;
}

export function commentNote(comment: string): string {
  return `The person's comment:\n${comment}`;
}
