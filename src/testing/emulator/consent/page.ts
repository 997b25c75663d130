const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text that can stand in HTML and in a quoted attribute. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? "");

const style = `
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
`;

/** A page around a body that is HTML already. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`;
}
