// content[b, n, i, h] = q[i, b, n, h] + u[n, h],  position[n, i, b, h] = q[i, b, n, h] + s[n, h].
// q: [Q, B, N, H]; u, s: [N, H]. The results lie as the products read them: the rows that one
// product takes are contiguous. One lane per run of 8 elements of a head, since divisions cost as
// much as several loads on a CPU.
alias Value = f32;
struct Scalars { Q: u32, B: u32, N: u32, H: u32, runs: u32 }
@group(0) @binding(0) var<storage, read> q: array<Value>;
@group(0) @binding(1) var<storage, read> u: array<Value>;
@group(0) @binding(2) var<storage, read> s: array<Value>;
@group(0) @binding(3) var<storage, read_write> content: array<Value>;
@group(0) @binding(4) var<storage, read_write> position: array<Value>;
@group(0) @binding(5) var<uniform> scalars: Scalars;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = (group.y * groups.x + group.x) * 64u + lane;
  let head = at / scalars.runs;
  let row = head / scalars.N;
  let n = head % scalars.N;
  let i = row / scalars.B;
  let b = row % scalars.B;
  if (i >= scalars.Q) {
    return;
  }
  let content_head = (b * scalars.N + n) * scalars.Q + i;
  let position_head = n * scalars.Q * scalars.B + row;
  let begin = (at % scalars.runs) * 8u;
  let end = min(begin + 8u, scalars.H);
  for (var h = begin; h < end; h++) {
    let value = f32(q[head * scalars.H + h]);
    content[content_head * scalars.H + h] = Value(value + f32(u[n * scalars.H + h]));
    position[position_head * scalars.H + h] = Value(value + f32(s[n * scalars.H + h]));
  }
}
