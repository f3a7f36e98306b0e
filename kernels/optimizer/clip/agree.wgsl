// Two groups of parameters are updated together or not at all: where the gradients of one are not
// finite, both have control = {0, 0} and applied = 0, as in clip.wgsl.
@group(0) @binding(0) var<storage, read_write> control: array<f32>;
@group(0) @binding(1) var<storage, read_write> applied: array<f32>;
@group(0) @binding(2) var<storage, read_write> other_control: array<f32>;
@group(0) @binding(3) var<storage, read_write> other_applied: array<f32>;

@compute @workgroup_size(1)
fn main() {
  if (applied[0] == 1.0 && other_applied[0] == 1.0) {
    return;
  }
  control[0] = 0.0;
  control[1] = 0.0;
  applied[0] = 0.0;
  other_control[0] = 0.0;
  other_control[1] = 0.0;
  other_applied[0] = 0.0;
}
