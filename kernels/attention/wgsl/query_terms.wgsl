// Terms of dq that lie in two arrays. content, position, dq: [R, C].
alias Value = f32;
struct Scalars { rows: u32, columns: u32, block: u32, u_at: u32, s_at: u32 }
@group(0) @binding(0) var<storage, read> content: array<Item>;
@group(0) @binding(1) var<storage, read> position: array<Item>;
@group(0) @binding(2) var<storage, read_write> dq: array<Item>;
@group(0) @binding(3) var<storage, read_write> partials: array<Numbers>;
@group(0) @binding(4) var<uniform> scalars: Scalars;

fn terms_of(i: u32) -> Terms {
  return Terms(Numbers(content[i]), Numbers(position[i]));
}
