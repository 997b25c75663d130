/** A small browser for the check: it stores cookies, and follows redirects within the application only. */
export interface Browser {
  get(path: string): Promise<string>;
  /** Calls a route of the handlers and returns its `data`. With a body it sends a POST. */
  api(path: string, body?: object): Promise<unknown>;
  /** Submits a form. */
  submit(path: string, form?: Record<string, string>): Promise<string>;
  /** Opens a page from another site, such as a callback. Returns the URL that it redirects to. */
  visit(url: string): Promise<URL>;
}

interface Init {
  method?: string;
  headers?: Record<string, string>;
  body?: string | URLSearchParams;
}

/** Creates a browser for the pages of this origin. */
export function createBrowser(origin: string): Browser {
  const cookies = new Map<string, string>();

  const request = async (path: string, init: Init = {}, site = "same-origin"): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...init.headers, cookie, origin, "sec-fetch-site": site };
    const response = await fetch(new URL(path, origin), { ...init, redirect: "manual", headers });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };

  const textOf = async (response: Response): Promise<string> => {
    const location = response.headers.get("location");
    if (location !== null) return textOf(await request(location));
    if (!response.ok)
      throw new Error(`The application returned ${String(response.status)}: ${await response.text()}`);
    return response.text();
  };

  return {
    get: async (path) => textOf(await request(path)),
    async api(path, body) {
      const response = await request(`/api/cal${path}`, {
        ...(body && {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        }),
      });
      const result = (await response.json()) as { data?: unknown; error?: { code: string } };
      if (result.error) throw new Error(result.error.code);
      return result.data;
    },
    submit: async (path, form = {}) =>
      textOf(await request(path, { method: "POST", body: new URLSearchParams(form) })),
    async visit(url) {
      const response = await request(url, {}, "cross-site");
      const location = response.headers.get("location");
      if (location === null)
        throw new Error(`The application returned ${String(response.status)} instead of a redirect.`);
      return new URL(location, origin);
    },
  };
}
