import { html, raw } from "hono/html";

const style = raw(`
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; display: grid; place-items: center; min-height: 100vh; background: Canvas; color: CanvasText; }
main { width: min(26rem, calc(100vw - 4rem)); padding: 2rem; border: 1px solid GrayText; border-radius: 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
fieldset { border: 0; padding: 0; margin: 1rem 0; }
legend { font-weight: 600; padding: 0; }
label { display: block; padding: .4rem 0; overflow-wrap: anywhere; }
.actions { display: flex; gap: .75rem; margin: 1.5rem 0 0; }
button { font: inherit; padding: .5rem 1.25rem; border-radius: .5rem; border: 1px solid #1a56c4; background: #1a56c4; color: #fff; }
button.quiet { background: transparent; color: inherit; border-color: GrayText; }
`);

/** HTML whose interpolated values are escaped. */
export type Html = ReturnType<typeof html>;

/** A page of the emulator as a response. */
export async function pageResponse(title: string, body: Html, status = 200): Promise<Response> {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <style>
          ${style}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html> `;
  return new Response((await page).toString(), {
    status,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy":
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
      // The page's URL can hold an access token.
      "Referrer-Policy": "no-referrer",
      "Cache-Control": "no-store",
    },
  });
}
