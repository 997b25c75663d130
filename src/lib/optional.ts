/**
 * The type with every property optional. Unlike `Partial`, also under `exactOptionalPropertyTypes` a property may be
 * given as `undefined`.
 */
export type Optional<T> = { [Key in keyof T]?: T[Key] | undefined };

/** The properties that have a value. For merging with defaults: a spread would overwrite these with `undefined`. */
export function withoutUndefined<T extends object>(
  value: T,
): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}
