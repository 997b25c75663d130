import { accountsOf } from "../calendar.js";

export const loader = ({ params }) => accountsOf(params.user);

export default function Accounts({ loaderData }) {
  return <p>Accounts: {loaderData}</p>;
}
