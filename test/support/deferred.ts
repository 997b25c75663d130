/** A promise, and the functions that settle it. As `Promise.withResolvers`, which Node 20 does not have. */
export interface Deferred<T> {
  promise: Promise<T>;
  resolve: (...value: [T] extends [undefined] ? [] : [value: T]) => void;
  reject: (error: Error) => void;
}

export function deferred<T = undefined>(): Deferred<T> {
  const result = {} as Deferred<T>;
  result.promise = new Promise<T>((resolve, reject) => {
    result.resolve = (...[value]) => resolve(value as T);
    result.reject = reject;
  });
  return result;
}
