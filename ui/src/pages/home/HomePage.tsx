import { Page } from "../../components/Page";

/** Where one begins. */
export function HomePage() {
  return <Page title="Home">{null}</Page>;
}
