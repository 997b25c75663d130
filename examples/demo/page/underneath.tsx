import { useEffect, useState, type ReactNode } from "react";
import {
  troubles,
  verdictOf,
  type FeedEntry,
  type TroubleName,
  type UnderneathState,
} from "./underneath-state.js";

/** What happens behind the settings page, as it happens. */
export function Underneath({
  initial,
  isEmulated,
  reload,
}: {
  initial: UnderneathState;
  isEmulated: boolean;
  reload: () => Promise<boolean>;
}): ReactNode {
  const { entries, rows } = useUnderneath(initial);
  const [isBusy, setBusy] = useState(false);
  const verdict = verdictOf(entries);

  const make = async (name: TroubleName): Promise<void> => {
    setBusy(true);
    try {
      await fetch(`/demo/trouble/${name}`, { method: "POST" });
      const others = name === "expire" ? [1, 2, 3, 4] : [];
      await Promise.all([reload(), ...others.map(() => fetch("/api/cal/calendars/status"))]);
    } catch {
      // The demo was stopped, or the browser is offline: the settings page beside this says so.
    } finally {
      setBusy(false);
    }
  };

  return (
    <aside className="underneath" aria-labelledby="underneath">
      <h2 id="underneath">Underneath</h2>
      <p>What the server does meanwhile, as it happens. A real page doesn’t show it.</p>
      {isEmulated && (
        <section aria-labelledby="trouble">
          <h3 id="trouble">Make trouble</h3>
          <div className="troubles">
            {troubles.map(({ name, label, hint }) => (
              // Not disabled while it works: that would lose the focus.
              <button
                key={name}
                type="button"
                aria-disabled={isBusy}
                onClick={() => void (isBusy || make(name))}
              >
                {label} <small>{hint}</small>
              </button>
            ))}
          </div>
          <div role="status" className="verdict">
            {isBusy ? "Asking Cal.com…" : verdict}
          </div>
        </section>
      )}
      <section aria-labelledby="calls">
        <h3 id="calls">What happens</h3>
        {/* Can be scrolled, so it has to be within reach of the keyboard. */}
        <ol className="feed" reversed tabIndex={0} aria-labelledby="calls">
          {[...entries].reverse().map((entry) => (
            <Entry key={entry.id} {...entry} />
          ))}
        </ol>
        {entries.length === 0 && <p>Nothing yet.</p>}
      </section>
      <section aria-labelledby="table">
        <h3 id="table">The table “CalendarIntegration”</h3>
        {rows.map((row) => (
          <dl className="row" key={row["id"]}>
            {Object.entries(row).map(([column, value]) => (
              <div key={column}>
                <dt>{column}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        ))}
        {rows.length === 0 && <p>No row yet: the first connection makes it.</p>}
      </section>
    </aside>
  );
}

function Entry({ at, kind, text, outcome, isBad, durationMs }: FeedEntry): ReactNode {
  return (
    <li className={kind} data-bad={isBad ?? false}>
      <time>{at}</time>
      <span>
        {kind === "tokens" && <b>Tokens </b>}
        {text}
      </span>
      {outcome !== undefined && <b className="outcome">{outcome}</b>}
      {durationMs !== undefined && <span className="duration">{durationMs} ms</span>}
    </li>
  );
}

function useUnderneath(initial: UnderneathState): UnderneathState {
  const [state, setState] = useState(initial);
  useEffect(() => {
    const source = new EventSource("/demo/events");
    source.onmessage = ({ data }: MessageEvent<string>) => setState(JSON.parse(data) as UnderneathState);
    return () => source.close();
  }, []);
  return state;
}
