// y[b, n, t, h] = x[t, b, offset + n * H + h].  x: [T, B, width], y: [B, N, T, H].
// One lane per run of 8 elements of a head, since divisions cost as much as several loads on a CPU.
alias Value = f32;
struct Scalars { T: u32, B: u32, N: u32, H: u32, runs: u32, width: u32, offset: u32 }
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read_write> y: array<Value>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

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
  let t = row / scalars.B;
  let b = row % scalars.B;
  if (t >= scalars.T) {
    return;
  }
  let x0 = row * scalars.width + scalars.offset + n * scalars.H;
  let y0 = ((b * scalars.N + n) * scalars.T + t) * scalars.H;
  let begin = (at % scalars.runs) * 8u;
  let end = min(begin + 8u, scalars.H);
  for (var h = begin; h < end; h++) {
    y[y0 + h] = x[x0 + h];
  }
}
