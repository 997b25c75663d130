/**
 * The type with every property optional. Unlike `Partial`, also under `exactOptionalPropertyTypes` a property may be
 * given as `undefined`.
 */
export type Optional<T> = { [Key in keyof T]?: T[Key] | undefined };
