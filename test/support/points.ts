/** The points of a refresh at which a process can be stopped, in order. */
export const points = [
  "lease acquired",
  "request sent",
  "response received",
  "before the write",
  "write sent",
  "written",
] as const;
export type Point = (typeof points)[number];
