import { act, type ReactNode } from "react";
import { createRoot, hydrateRoot, type Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, vi } from "vitest";

// React asks for it before it lets act() work.
(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

const roots: Root[] = [];

afterEach(() => {
  leave();
  document.body.replaceChildren();
});

/** Goes to another page of the application. */
export function leave(): void {
  for (const root of roots.splice(0)) act(() => root.unmount());
}

function container(): HTMLElement {
  return document.body.appendChild(document.createElement("div"));
}

/** Renders, and waits until everything that was asked is answered. */
export async function render(content: ReactNode): Promise<HTMLElement> {
  const element = container();
  const root = createRoot(element);
  roots.push(root);
  await act(async () => {
    root.render(content);
    await settle();
  });
  return element;
}

/** Renders on a server, and takes that over. Answers what React complained of as well. */
export async function hydrate(content: ReactNode): Promise<{ html: string; complaints: unknown[] }> {
  const html = renderToString(content);
  const element = container();
  element.innerHTML = html;
  const complaints: unknown[] = [];
  vi.spyOn(console, "error").mockImplementation((...args) => void complaints.push(args));
  await act(async () => {
    roots.push(hydrateRoot(element, content, { onRecoverableError: (error) => complaints.push(error) }));
    await settle();
  });
  return { html, complaints };
}

/** Does something, and waits until everything that was asked is answered. */
export async function doing<T>(work: () => T | Promise<T>): Promise<T> {
  let result: { value: T } | undefined;
  await act(async () => {
    result = { value: await work() };
    await settle();
  });
  return result!.value;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** The button whose text is this. */
export function buttonOf(text: string, within: ParentNode = document): HTMLButtonElement {
  const found = [...within.querySelectorAll("button")].find((button) => button.textContent === text);
  if (!found) throw new Error(`There is no button ${text}: ${document.body.innerHTML}`);
  return found;
}
