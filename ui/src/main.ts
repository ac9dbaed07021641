/** The first of all programs, and small: it asks for everything that the address needs at once. */
import { fromMlflow } from "./lib/links";
import { fetchPage } from "./pages";

const printed = fromMlflow(location.hash);
if (printed) history.replaceState(null, "", printed);
fetchPage(location);
void import("./frame");
