import type { ReactNode } from "react";

/** One of the application's users. */
export interface SignInUser {
  id: string;
  name: string;
  email: string;
  /** How the user has an account at Cal.com, if there is one yet. */
  grant: "managed" | "oauth" | undefined;
}

const grants = {
  managed: "a managed user at Cal.com",
  oauth: "with their own Cal.com account",
  none: "not at Cal.com yet: gets a managed user, or links their own account",
};

/** The sign-in page. For the demo only: a real application verifies the user. */
export function SignIn({ users }: { users: SignInUser[] }): ReactNode {
  return (
    <main className="sign-in">
      <p className="brand">Fernhill</p>
      <h1>Sign in</h1>
      <p className="lead">Lessons, booked around your calendar. Choose who you are:</p>
      {users.map(({ id, name, email, grant }) => (
        <form key={id} method="post" action="/sign-in">
          <input type="hidden" name="id" value={id} />
          <button>
            <b>{name}</b> <span>{email}</span> <small>{grants[grant ?? "none"]}</small>
          </button>
        </form>
      ))}
    </main>
  );
}
