import type { CheckedConnection, ConnectionChange, ConnectionCheck } from "calbridge";
import type { ReactNode } from "react";

/** A user of the application, with what the last check found. */
interface CheckedUser {
  id: string;
  name: string;
  /** `null`: the user was not checked yet. */
  check: ConnectionCheck | null;
}

/** The props of the page. */
export interface ConnectionsProps {
  users: CheckedUser[];
  /** Newest first. */
  changes: ConnectionChange[];
  isEmulated: boolean;
}

/** For the people who run the application: how all users' connections are, and what has changed. */
export function Connections({ users, changes, isEmulated }: ConnectionsProps): ReactNode {
  const nameOf = (userId: string): string => users.find(({ id }) => id === userId)?.name ?? userId;
  return (
    <>
      <header className="top">
        <p className="brand">Fernhill</p>
        <a href="/">Settings</a>
      </header>
      <main className="connections">
        <h1>Connections</h1>
        <p className="lead">
          What the last check of each user found. In production a scheduler checks each user once a day, and
          every six hours if something is broken.
        </p>
        <form method="post" action="/connections/check">
          <button>Check all users now</button>
        </form>
        {users.map((user) => (
          <User key={user.id} user={user} isEmulated={isEmulated} />
        ))}
        <section aria-label="Last changes">
          <h2>Last changes</h2>
          {changes.length === 0 && <p>Nothing has changed yet.</p>}
          <ul className="changes">
            {changes.map((change) => (
              <Change key={change.id} change={change} name={nameOf(change.userId)} />
            ))}
          </ul>
        </section>
      </main>
    </>
  );
}

function User({
  user: { id, name, check },
  isEmulated,
}: {
  user: CheckedUser;
  isEmulated: boolean;
}): ReactNode {
  const connections = check?.connections.filter(({ status }) => status !== "gone") ?? [];
  return (
    <section aria-label={name}>
      <h2>{name}</h2>
      {check && check.calAccount.status !== "connected" && <p>{check.calAccount.message}</p>}
      {connections.length === 0 && <p>No calendar is connected{check ? "" : ", or none was checked yet"}.</p>}
      <ul>
        {connections.map((connection) => (
          <Connection key={connection.credentialId} connection={connection} />
        ))}
      </ul>
      {isEmulated && connections.length > 0 && (
        <form method="post" action="/connections/revoke">
          <input type="hidden" name="userId" value={id} />
          <button>Revoke {name}’s access at the provider</button>
        </form>
      )}
    </section>
  );
}

function Connection({
  connection: { name, email, status, since, message },
}: {
  connection: CheckedConnection;
}): ReactNode {
  return (
    <li data-status={status}>
      <b>{name}</b> {email} <span>{status}</span> since <Instant at={since} />
      {message && <small>{message}</small>}
    </li>
  );
}

function Change({ change, name }: { change: ConnectionChange; name: string }): ReactNode {
  const { connection, from, to, since, message, restored } = change;
  const what = connection ? `${connection.name} ${connection.email ?? ""}` : "Cal.com account";
  const calendars = [...(restored?.selected ?? []), ...(restored?.destination ? [restored.destination] : [])];
  const names = [...new Set(calendars.map((calendar) => calendar.name ?? "a calendar"))];
  return (
    <li data-status={to}>
      <Instant at={since} /> <b>{name}</b>: {what}: {from} → <span>{to}</span>
      <small>{message ?? "It works again."}</small>
      {names.length > 0 && <small>Restored: {names.join(", ")}.</small>}
    </li>
  );
}

function Instant({ at }: { at: Date }): ReactNode {
  const iso = at.toISOString();
  return <time dateTime={iso}>{`${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`}</time>;
}
