import { useQuery } from "@tanstack/react-query";
import { api, send } from "../api/client";
import { Icon } from "./Icon";
import { Menu } from "./Menu";

/** Who is logged in, and how one leaves; nothing on a server without users. */
export function Account() {
  const me = useQuery({
    queryKey: ["me"],
    queryFn: ({ signal }) => api.get("/api/v1/me", { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!me.data?.is_user) return null;
  const leave = async () => {
    await send("post", "/logout");
    location.assign("/login");
  };
  return (
    <Menu
      button={
        <>
          <Icon name="user" /> <span className="nav-name truncate">{me.data.name}</span>
        </>
      }
      label={`Account of ${me.data.name}`}
      className="nav-link"
      items={[
        { label: "Change the password", act: () => location.assign("/password") },
        { label: "Log out", act: () => void leave() },
      ]}
    />
  );
}
