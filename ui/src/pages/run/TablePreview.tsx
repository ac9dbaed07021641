import { useState } from "react";
import { useTable } from "../../api/files";
import { DataTable } from "../../components/DataTable";
import { Failure, Loading } from "../../components/states";
import { formatCount } from "../../lib/format";

const ROWS = 200;
const MOST = 1_000;

/** The first rows of a CSV, Parquet or Arrow file. What is left out is said. */
export default function TablePreview({ id, path }: { id: string; path: string }) {
  const [rows, setRows] = useState(ROWS);
  const { data, error, refetch } = useTable(id, path, rows);
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (data === undefined) return <Loading what="Reading the table" />;
  const left = [
    `${formatCount(data.columns.length + data.columns_left_out)} columns`,
    data.more ? `the first ${formatCount(data.rows.length)} rows` : `${formatCount(data.rows.length)} rows`,
    ...(data.columns_left_out > 0 ? [`${formatCount(data.columns_left_out)} columns left out`] : []),
    ...(data.cells_cut > 0 ? [`${formatCount(data.cells_cut)} long texts cut`] : []),
  ];
  return (
    <>
      <p className="preview-note numbers">
        {left.join(" · ")}
        {data.more && rows < MOST && (
          <button type="button" className="preview-more" onClick={() => setRows(MOST)}>
            Show {formatCount(MOST)} rows
          </button>
        )}
      </p>
      <div className="preview">
        <DataTable
          table={{ columns: data.columns.map(column => column.name), rows: data.rows }}
          label={path}
        />
      </div>
    </>
  );
}
