import { getEventListeners } from "node:events";
import { expect, test, vi } from "vitest";
import { onAbort } from "../../../src/lib/abort.js";

const listenersOf = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

test("all listeners are called when the signal is aborted", () => {
  const controller = new AbortController();
  const listeners = [vi.fn(), vi.fn()];
  for (const listener of listeners) onAbort(controller.signal, listener);
  controller.abort();
  for (const listener of listeners) expect(listener).toHaveBeenCalledTimes(1);
});

test("a hundred listeners add one event listener to the signal, and removing them removes it", () => {
  const { signal } = new AbortController();
  const removers = Array.from({ length: 100 }, () => onAbort(signal, () => undefined));
  expect(listenersOf(signal)).toBe(1);
  for (const remove of removers.slice(1)) remove();
  expect(listenersOf(signal)).toBe(1);
  removers[0]!();
  expect(listenersOf(signal)).toBe(0);
});

test("a listener that was removed is not called", () => {
  const controller = new AbortController();
  const [kept, removed] = [vi.fn(), vi.fn()];
  onAbort(controller.signal, kept);
  const remove = onAbort(controller.signal, removed);
  remove();
  remove();
  controller.abort();
  expect(kept).toHaveBeenCalledTimes(1);
  expect(removed).not.toHaveBeenCalled();
});

test("a function that was added twice is called twice, and removed once for each time", () => {
  const controller = new AbortController();
  const listener = vi.fn();
  const remove = onAbort(controller.signal, listener);
  onAbort(controller.signal, listener);
  onAbort(controller.signal, listener);
  remove();
  controller.abort();
  expect(listener).toHaveBeenCalledTimes(2);
});

test("a listener may remove itself while the listeners are called", () => {
  const controller = new AbortController();
  const second = vi.fn();
  const removeFirst = onAbort(controller.signal, () => removeFirst());
  onAbort(controller.signal, second);
  controller.abort();
  expect(second).toHaveBeenCalledTimes(1);
});
