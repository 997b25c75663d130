import { useSyncExternalStore, type ComponentType, type ReactNode } from "react";
import { message } from "./elements.js";
import type { Ui } from "./parts.js";

/**
 * A part of the page whose script is loaded when the part is first shown. Not `React.lazy`:
 * `renderToString` reports an error for it. Neither the server nor the first render in the browser shows the part.
 */
export function later<Props extends { ui: Ui }>(
  load: () => Promise<ComponentType<Props>>,
): (props: Props) => ReactNode {
  let part: ComponentType<Props> | undefined;
  const subscribe = (notify: () => void): (() => void) => {
    void load()
      .catch(() => Unloaded)
      .then((loaded) => {
        part = loaded;
        notify();
      });
    return () => undefined;
  };
  return function Later(props) {
    const Part = useSyncExternalStore(
      subscribe,
      () => part,
      () => undefined,
    );
    return Part && <Part {...props} />;
  };
}

/** In place of a part whose script can't be loaded. */
function Unloaded({ ui }: { ui: Ui }): ReactNode {
  const { network_error: text, other } = ui.texts.errors;
  return <div role="alert">{message(ui, "error", text ?? other)}</div>;
}
