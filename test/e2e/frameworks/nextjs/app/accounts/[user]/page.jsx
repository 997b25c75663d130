import { accountsOf } from "@/calendar";

// Nothing before the list is read tells Next.js that this page is of one request only.
export default async function Accounts({ params }) {
  const { user } = await params;
  return <p>Accounts: {await accountsOf(user)}</p>;
}
