// dx[r, c] = sum of dy[j, c] over the rows j that read row r, in order; 0 where none does.
// Row r stands for distance d = R-1-r: rows from `newest` on read distance 0, the first ones the
// largest. dx: [R, columns], dy: [rows, columns].
alias Value = f32;
struct Scalars { count: u32, columns: u32, R: u32, rows: u32, newest: u32, maxDistance: u32 }
@group(0) @binding(0) var<storage, read> dy: array<Value>;
@group(0) @binding(1) var<storage, read_write> dx: array<Value>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i >= scalars.count) {
    return;
  }
  let distance = scalars.R - 1u - i / scalars.columns;
  let found = distance <= min(scalars.newest, scalars.maxDistance);
  let row = scalars.newest - min(distance, scalars.newest);
  let begin = select(row, 0u, distance == scalars.maxDistance);
  let end = select(row + 1u, scalars.rows, distance == 0u);
  var sum = 0.0;
  for (var j = begin; j < select(begin, end, found); j++) {
    sum += f32(dy[j * scalars.columns + i % scalars.columns]);
  }
  dx[i] = Value(sum);
}

