// Items of four numbers: see item_width.ts.
const WIDTH = 4u;

fn total(x: vec4<f32>) -> f32 {
  return (x.x + x.y) + (x.z + x.w);
}

fn kept_only(value: vec4<f32>, bits: u32) -> vec4<f32> {
  let kept = (vec4<u32>(bits) & vec4<u32>(1u, 2u, 4u, 8u)) != vec4<u32>(0u);
  return select(vec4<f32>(0.0), value, kept);
}
