import { Banner } from "@mono/ui";

export const dynamic = "force-dynamic";

export default async function Page() {
  const response = await fetch(`${process.env.API_URL}/greeting`, { cache: "no-store" });
  const { text } = (await response.json()) as { text: string };
  return <Banner text={text} />;
}
