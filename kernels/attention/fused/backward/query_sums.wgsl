// Terms of dq that are sums over parts. sums: [parts, 2, R, C], by content, then by position;
// dq: [R, C].
alias Value = f32;
struct Scalars { parts: u32, rows: u32, columns: u32, block: u32, u_at: u32, s_at: u32 }
@group(0) @binding(0) var<storage, read> sums: array<Numbers>;
@group(0) @binding(1) var<storage, read_write> dq: array<Item>;
@group(0) @binding(2) var<storage, read_write> partials: array<Numbers>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

fn terms_of(i: u32) -> Terms {
  let size = scalars.rows * scalars.columns;
  var by_content = Numbers();
  var by_position = Numbers();
  for (var part = 0u; part < scalars.parts; part++) {
    by_content += sums[2u * part * size + i];
    by_position += sums[(2u * part + 1u) * size + i];
  }
  return Terms(by_content, by_position);
}
