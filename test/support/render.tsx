import { act, type ReactNode } from "react";
import { createRoot, hydrateRoot, type Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, vi } from "vitest";

// React's act() requires this flag.
(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

const roots: Root[] = [];

afterEach(() => {
  leave();
  document.body.replaceChildren();
});

/** Unmounts everything, as when the user opens another page of the application. */
export function leave(): void {
  for (const root of roots.splice(0)) act(() => root.unmount());
}

function container(): HTMLElement {
  return document.body.appendChild(document.createElement("div"));
}

/** Renders, and waits until all requests have their responses. */
export async function render(content: ReactNode): Promise<HTMLElement> {
  const element = container();
  const root = createRoot(element);
  roots.push(root);
  await act(async () => {
    root.render(content);
    await settle();
  });
  await loadParts();
  return element;
}

/** Renders on a server and hydrates the HTML. Returns React's errors as well. */
export async function hydrate(content: ReactNode): Promise<{ html: string; errors: unknown[] }> {
  const html = renderToString(content);
  const element = container();
  element.innerHTML = html;
  const errors: unknown[] = [];
  vi.spyOn(console, "error").mockImplementation((...args) => void errors.push(args));
  await act(async () => {
    roots.push(hydrateRoot(element, content, { onRecoverableError: (error) => errors.push(error) }));
    await settle();
  });
  await loadParts();
  return { html, errors };
}

/** Performs an action, and waits until all requests have their responses. */
export async function perform<T>(work: () => T | Promise<T>): Promise<T> {
  let result: { value: T } | undefined;
  await act(async () => {
    result = { value: await work() };
    await settle();
  });
  await loadParts();
  return result!.value;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** Waits for the parts of the component that are loaded when they are first shown. */
async function loadParts(): Promise<void> {
  await act(async () => {
    await vi.dynamicImportSettled();
    await settle();
  });
}

/** The button with this text. */
export function buttonOf(text: string, within: ParentNode = document): HTMLButtonElement {
  const found = [...within.querySelectorAll("button")].find((button) => button.textContent === text);
  if (!found) throw new Error(`There is no button ${text}: ${document.body.innerHTML}`);
  return found;
}
