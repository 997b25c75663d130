/** What the check does its walk with: it keeps cookies, and leaves redirects to whoever asks. */
export interface Browser {
  get(path: string): Promise<string>;
  /** The `data` of a route of the handlers. With a body it is a POST. */
  api(path: string, body?: object): Promise<unknown>;
  /** Sends a form. */
  submit(path: string, form?: Record<string, string>): Promise<string>;
  /** Comes from another site. Answers the page and its address. */
  visit(url: string): Promise<URL>;
}

interface Init {
  method?: string;
  headers?: Record<string, string>;
  body?: string | URLSearchParams;
}

/** Makes a browser for pages at an address. */
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
      throw new Error(`The application answered ${String(response.status)}: ${await response.text()}`);
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
      const answer = (await response.json()) as { data?: unknown; error?: { code: string } };
      if (answer.error) throw new Error(answer.error.code);
      return answer.data;
    },
    submit: async (path, form = {}) =>
      textOf(await request(path, { method: "POST", body: new URLSearchParams(form) })),
    async visit(url) {
      const response = await request(url, {}, "cross-site");
      const location = response.headers.get("location");
      if (location === null)
        throw new Error(`The application answered ${String(response.status)}, no redirect.`);
      return new URL(location, origin);
    },
  };
}
