import type { ReactNode } from "react";

/** The sign-in page. For the demo only: a real application verifies the user. */
export function SignIn({ users }: { users: { id: string; name: string; email: string }[] }): ReactNode {
  return (
    <main className="sign-in">
      <p className="brand">Fernhill</p>
      <h1>Sign in</h1>
      <p className="lead">Lessons, booked around your calendar. Choose who you are:</p>
      {users.map(({ id, name, email }) => (
        <form key={id} method="post" action="/sign-in">
          <input type="hidden" name="id" value={id} />
          <button>
            <b>{name}</b> <span>{email}</span>
          </button>
        </form>
      ))}
    </main>
  );
}
