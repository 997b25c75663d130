import { prisma } from "@/lib/prisma";

export const dynamic = "force-dynamic";

export default async function Page() {
  const users = await prisma.user.findMany({ orderBy: { name: "asc" } });
  return (
    <form method="post" action="/sign-in">
      <h1>Sign in</h1>
      {users.map(({ ulid, name }) => (
        <button key={ulid} name="user" value={ulid}>
          {name}
        </button>
      ))}
    </form>
  );
}
