/** The first of all programs, and small: it asks for everything that the address needs at once. */
import { fetchPage } from "./pages";

fetchPage(location);
void import("./frame");
