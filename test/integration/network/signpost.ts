/** A moment that one part of a test waits for and another brings about. */
export interface Signpost {
  reached: Promise<void>;
  reach: () => void;
}

export function signpost(): Signpost {
  let reach: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return { reached, reach };
}
