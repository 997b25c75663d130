// @vitest-environment happy-dom
import type { ReactNode } from "react";
import { expect, test, vi } from "vitest";
import { defaultTexts } from "../../../src/react/default-texts.js";
import { later } from "../../../src/react/later.js";
import type { Ui } from "../../../src/react/parts.js";
import { hydrate, render } from "../../support/render.js";

const ui = { texts: defaultTexts, render: {}, classOf: (part: string) => part } as unknown as Ui;
const Hello = (): ReactNode => <p>Hello</p>;

test("a part is loaded when it is first shown", async () => {
  const load = vi.fn(() => Promise.resolve(Hello));
  const Later = later(load);
  expect(load).not.toHaveBeenCalled();
  expect((await render(<Later ui={ui} />)).textContent).toBe("Hello");
});

test("a server renders the page without it, and the browser adds it without React errors", async () => {
  const Later = later(() => Promise.resolve(Hello));
  for (const time of ["at first", "when it is loaded already"]) {
    const { html, errors } = await hydrate(<Later ui={ui} />);
    expect(html, time).toBe("");
    expect(errors, time).toEqual([]);
    expect(document.body.lastElementChild?.textContent).toBe("Hello");
  }
});

test("if it can't be loaded, the page stays and says so; the next time it is loaded again", async () => {
  const load = vi.fn(() => Promise.resolve(Hello));
  load.mockRejectedValueOnce(new TypeError("Failed to fetch dynamically imported module"));
  const Later = later(load);
  const page = await render(<Later ui={ui} />);
  expect(page.querySelector('[role="alert"]')?.textContent).toBe(defaultTexts.errors.network_error);
  expect((await render(<Later ui={ui} />)).textContent).toBe("Hello");
});
