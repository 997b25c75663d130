/** Where a process can be made to stop, in the order in which a refresh gets there. */
export const points = ["leased", "request sent", "answer came", "writing", "write sent", "written"] as const;
export type Point = (typeof points)[number];
