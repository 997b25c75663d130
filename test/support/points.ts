/** The points of a refresh at which a process can be stopped, in order. */
export const points = [
  "lease acquired",
  "request sent",
  "response received",
  "before the write",
  "write sent",
  "written",
] as const;

/** The points of a refresh of OAuth 2, which is recorded before it is sent. */
export const oauthPoints = ["lease acquired", "record sent", "recorded", ...points.slice(1)] as const;
export type Point = (typeof oauthPoints)[number];

/** How many are killed: by default few. More before a release: CALBRIDGE_KILLS=1600, which is 200 at each point. */
export function killsFromEnv(byDefault: number): { kills: number; timeoutMs: number } {
  const kills = Number(process.env["CALBRIDGE_KILLS"] ?? byDefault);
  // Each kill starts a process.
  return { kills, timeoutMs: 600_000 + kills * 3_000 };
}
