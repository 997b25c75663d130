/** Cal.com's own servers: the host of each API, and that of its web application. */
const CLOUDS: Record<string, string> = { "api.cal.com": "app.cal.com", "api.cal.eu": "app.cal.eu" };

/** The host of the web application that belongs to the API, if both are Cal.com's cloud. */
export function cloudPageOf(baseUrl: string): string | undefined {
  return CLOUDS[new URL(baseUrl).host];
}

export function isCloudPage(host: string): boolean {
  return Object.values(CLOUDS).includes(host);
}
