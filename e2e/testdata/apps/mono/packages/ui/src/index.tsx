export function Banner({ text }: { text: string }) {
  return <h1>{text}</h1>;
}
