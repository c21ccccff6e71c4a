"""Makes pyarrow.parquet: pip install pyarrow==26.0.1; python3 parquet.py"""
import pyarrow as pa
import pyarrow.parquet as pq

table = pa.table({
    "id": list(range(6)),
    "text": ["plain", "Crème brûlée", "東京", "four", "five", "six"],
    "score": [0.5, 1.5, -2.0, 3.0, 4.25, 5.0],
    "task": pa.array(["a", "a", "a", "b", "b", "b"]).dictionary_encode(),
})
pq.write_table(table, "pyarrow.parquet", row_group_size=4, compression="snappy")
