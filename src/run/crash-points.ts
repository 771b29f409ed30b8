/**
 * Moments at which a death would hurt most. The code passes them by name; a test arms them and ends the object there.
 * Nothing happens unless armed.
 */
export const crashPoints = [
  "admission.written",
  "admission.answered",
  "run.begun",
  "call.intent",
  "call.dispatched",
  "text.framed",
  "call.settling",
  "call.settled",
  "checkpoint.written",
  "run.ending",
  "run.ended",
  "run.interrupted",
  "outbox.answered",
  "finish.sending",
  "finish.answered",
  "finish.noted",
  "recovery.begun",
  "reopening.written",
  "reopening.answered",
  "reconcile.begun",
  "reconcile.answered",
  "reconcile.adopted",
  "reconcile.noted",
] as const;

export type CrashPoint = (typeof crashPoints)[number];

/** Ends the object it is passed in, or does nothing. */
export type CrashHook = (point: CrashPoint, object: { abort(reason?: string): void }) => void;

let armed: CrashHook | null = null;

/** For tests: `hook` is called at every point of every run of this isolate; null disarms. */
export function armCrashPoints(hook: CrashHook | null): void {
  armed = hook;
}

export function passCrashPoint(point: CrashPoint, object: { abort(reason?: string): void }): void {
  armed?.(point, object);
}
