import { useState } from "react";
import { rawUrl, useBeginning } from "../../api/files";
import { Markdown } from "../../components/Markdown";
import { ScrollBox } from "../../components/ScrollBox";
import { soon } from "../../components/soon";
import { Failure, Loading, Message } from "../../components/states";
import { formatBytes } from "../../lib/format";
import { mediaKind } from "../../lib/media";
import "./Preview.css";

const JsonTree = soon(() => import("./JsonTree"));
const TablePreview = soon(() => import("./TablePreview"));

const TEXT_BYTES = 256 << 10;
const WHOLE_BYTES = 2 << 20;

interface Props {
  id: string;
  path: string;
  size?: number;
}

/** A file, shown as its name says. Whatever it is, it can do nothing to the page. */
export function Preview({ id, path, size }: Props) {
  switch (mediaKind(path)) {
    case "image":
      return <Picture id={id} path={path} />;
    case "audio":
      return (
        <div className="preview preview-media">
          {/* biome-ignore lint/a11y/useMediaCaption: what is logged has no captions */}
          <audio controls preload="metadata" src={rawUrl(id, path)} aria-label={path} />
        </div>
      );
    case "video":
      return (
        <div className="preview preview-media">
          {/* biome-ignore lint/a11y/useMediaCaption: what is logged has no captions */}
          <video controls preload="metadata" src={rawUrl(id, path)} aria-label={path} />
        </div>
      );
    case "pdf":
      if (!navigator.pdfViewerEnabled) {
        return <Message title="This browser has no viewer for PDF">Download the file to read it.</Message>;
      }
      return (
        <div className="preview framed">
          <iframe title={path} src={rawUrl(id, path)} />
        </div>
      );
    case "html":
      return <HtmlFrame id={id} path={path} />;
    case "table":
      return <TablePreview id={id} path={path} />;
    case "json":
      return <Json id={id} path={path} />;
    case "markdown":
      return <Text id={id} path={path} most={WHOLE_BYTES} markdown />;
    case "text":
      return <Text id={id} path={path} most={TEXT_BYTES} />;
    default:
      return <Unknown id={id} path={path} size={size} />;
  }
}

function Picture({ id, path }: Props) {
  const [failed, setFailed] = useState(false);
  if (failed) return <Message title="This is no image that the browser can show" />;
  return (
    <div className="preview preview-media">
      <img src={rawUrl(id, path)} alt={path} onError={() => setFailed(true)} />
    </div>
  );
}

/** The server gives the page an origin of its own and no network; the frame says so once more. */
export function HtmlFrame({ id, path }: { id: string; path: string }) {
  if (!isSecureContext) {
    return (
      <Message title="HTML files are shown over HTTPS only">
        Over plain HTTP, browsers do not tell the server that a file is put into a frame, where it can do no
        harm. Download it, or open this page by HTTPS or on the server's own machine.
      </Message>
    );
  }
  return (
    <>
      <p className="preview-note">
        The file runs by itself: without network, cookies, or a view of this page.
      </p>
      <div className="preview framed">
        <iframe title={path} src={rawUrl(id, path)} sandbox="allow-scripts" referrerPolicy="no-referrer" />
      </div>
    </>
  );
}

function Text({ id, path, most, markdown }: Props & { most: number; markdown?: boolean }) {
  const { data, error, refetch } = useBeginning(id, path, most);
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (data === undefined) return <Loading />;
  if (data.text === "") return <Message title="The file is empty" />;
  return (
    <>
      {!data.whole && <Cut shown={most} size={data.size} />}
      <ScrollBox className="preview">
        {markdown ? (
          <div className="preview-markdown">
            <Markdown text={data.text} />
          </div>
        ) : (
          <pre className="preview-text">{data.text}</pre>
        )}
      </ScrollBox>
    </>
  );
}

function Cut({ shown, size }: { shown: number; size: number }) {
  return (
    <p className="preview-note">
      The first {formatBytes(shown)} of {formatBytes(size)}. Download the file to see all of it.
    </p>
  );
}

function Json({ id, path }: Props) {
  const { data, error, refetch } = useBeginning(id, path, WHOLE_BYTES);
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (data === undefined) return <Loading />;
  const document = data.whole ? parsed(data.text) : undefined;
  if (document === undefined) return <Text id={id} path={path} most={TEXT_BYTES} />;
  return (
    <ScrollBox className="preview">
      <JsonTree value={document} />
    </ScrollBox>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A file of a kind that is not known may be text; its first bytes tell. */
function Unknown({ id, path, size }: Props) {
  const [asked, setAsked] = useState(false);
  const { data } = useBeginning(id, path, TEXT_BYTES, asked);
  if (data !== undefined && isText(data.text.slice(0, 4_096))) {
    return <Text id={id} path={path} most={TEXT_BYTES} />;
  }
  return (
    <Message title={data === undefined ? "There is no viewer for files of this kind" : "This is no text"}>
      {size !== undefined && <p>{formatBytes(size)}</p>}
      {data === undefined && (
        <button type="button" className="button" onClick={() => setAsked(true)}>
          Try to show it as text
        </button>
      )}
    </Message>
  );
}

const isText = (text: string) => !text.includes("\0") && !text.includes("\ufffd");
