import { CalendarIntegration } from "calbridge/react";
import { redirect } from "next/navigation";
import { Suspense } from "react";
import { readStatus } from "@/lib/calendar";
import { currentUser } from "@/lib/session";

async function Settings() {
  const user = await currentUser();
  if (!user) redirect("/");
  return (
    <>
      <form method="post" action="/sign-out">
        Signed in as {user.name} <button>Sign out</button>
      </form>
      <h2>Calendars</h2>
      <CalendarIntegration initialStatus={await readStatus()} />
    </>
  );
}

export default function Page() {
  return (
    <main>
      <h1>Settings</h1>
      <Suspense fallback={<p>One moment…</p>}>
        <Settings />
      </Suspense>
    </main>
  );
}
