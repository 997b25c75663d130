import { connection } from "next/server";
import { Suspense } from "react";
import { prisma } from "@/lib/prisma";

async function Users() {
  await connection(); // not at build time
  const users = await prisma.user.findMany({ orderBy: { name: "asc" } });
  return users.map(({ ulid, name }) => (
    <button key={ulid} name="user" value={ulid}>
      {name}
    </button>
  ));
}

export default function Page() {
  return (
    <form method="post" action="/sign-in">
      <h1>Sign in</h1>
      <Suspense>
        <Users />
      </Suspense>
    </form>
  );
}
