/** The one model of the bench's catalog; the fake gateway answers under any name. */
export const benchModel = "bench";
