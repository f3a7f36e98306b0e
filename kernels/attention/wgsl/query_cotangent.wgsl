// dq = content + position, and the first level of the gradients of the biases that were added to
// q: partials[u_at + b * C + c] = sum over the rows r of block b of content[r, c], and those of
// position from s_at on. content, position, dq: [R, C]. One lane per item of a row and block;
// rows in order, the same sum in every run.
alias Value = f32;
struct Scalars { rows: u32, columns: u32, block: u32, u_at: u32, s_at: u32 }
@group(0) @binding(0) var<storage, read> content: array<Item>;
@group(0) @binding(1) var<storage, read> position: array<Item>;
@group(0) @binding(2) var<storage, read_write> dq: array<Item>;
@group(0) @binding(3) var<storage, read_write> partials: array<Numbers>;
@group(0) @binding(4) var<uniform> scalars: Scalars;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let columns = scalars.columns;
  let c = id.x;
  if (c >= columns) {
    return;
  }
  let end = min(scalars.rows, (id.y + 1u) * scalars.block);
  var u_sum = Numbers();
  var s_sum = Numbers();
  for (var row = id.y * scalars.block; row < end; row++) {
    let i = row * columns + c;
    let by_content = Numbers(content[i]);
    let by_position = Numbers(position[i]);
    u_sum += by_content;
    s_sum += by_position;
    dq[i] = Item(by_content + by_position);
  }
  let at = id.y * columns + c;
  partials[scalars.u_at + at] = u_sum;
  partials[scalars.s_at + at] = s_sum;
}
