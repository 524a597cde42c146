import Link from "next/link";
import { Message } from "@/components/Message";

export default function NotFound() {
  return (
    <Message title="Page not found" text="There is nothing at this address.">
      <Link className="button button-primary" href="/">
        Go to the assistant
      </Link>
    </Message>
  );
}
