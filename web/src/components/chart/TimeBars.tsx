import { useComputedColorScheme } from "@mantine/core";
import { BarChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use as register, type EChartsCoreOption, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef, useState, type PointerEvent } from "react";
import { formatCompact, formatEvents, formatMinutes } from "@/format";
import { ticksOf, type Bucket } from "./buckets";
import styles from "./TimeBars.module.css";

register([BarChart, GridComponent, TooltipComponent, CanvasRenderer]);

const TICK_PX = 90;
const DRAG_PX_MIN = 6;

export interface TimeBarsProps {
  buckets: readonly Bucket[];
  onNarrow: (from: Date, until: Date) => void;
}

interface Drag {
  startX: number;
  endX: number;
}

/** Events over time as bars; dragging across them, or clicking one, narrows the range. */
export default function TimeBars({ buckets, onNarrow }: TimeBarsProps) {
  const canvas = useRef<HTMLDivElement>(null);
  const chart = useChart(canvas, buckets);
  const [drag, setDrag] = useState<Drag | null>(null);

  const xOf = (event: PointerEvent<HTMLDivElement>): number =>
    event.clientX - event.currentTarget.getBoundingClientRect().left;

  const finish = () => {
    if (!drag || !chart.current) return;
    setDrag(null);
    const at = (x: number): number => {
      const index = chart.current?.convertFromPixel({ xAxisIndex: 0 }, x) ?? 0;
      return Math.min(buckets.length - 1, Math.max(0, Math.round(index)));
    };
    const first = buckets[at(Math.min(drag.startX, drag.endX))];
    const last = buckets[at(Math.max(drag.startX, drag.endX))];
    const isClick = Math.abs(drag.endX - drag.startX) < DRAG_PX_MIN;
    if (!first || !last || (isClick && first.events === 0)) return;
    onNarrow(first.from, isClick ? first.until : last.until);
  };

  return (
    <div
      className={styles["chart"]}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ startX: xOf(event), endX: xOf(event) });
      }}
      onPointerMove={(event) => drag && setDrag({ ...drag, endX: xOf(event) })}
      onPointerUp={finish}
      onPointerCancel={() => setDrag(null)}
      aria-hidden="true"
    >
      <div ref={canvas} className={styles["canvas"]} />
      {drag && Math.abs(drag.endX - drag.startX) >= DRAG_PX_MIN && (
        <div
          className={styles["selection"]}
          style={{
            left: Math.min(drag.startX, drag.endX),
            width: Math.abs(drag.endX - drag.startX),
          }}
        />
      )}
    </div>
  );
}

/** Keeps an ECharts instance in the element, of its size and in the colours of the scheme. */
function useChart(
  element: React.RefObject<HTMLDivElement | null>,
  buckets: readonly Bucket[],
): React.RefObject<EChartsType | null> {
  const chart = useRef<EChartsType | null>(null);
  const scheme = useComputedColorScheme("light");
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!element.current) return;
    const made = init(element.current, null, { renderer: "canvas" });
    chart.current = made;
    const observer = new ResizeObserver(([entry]) => {
      made.resize();
      setWidth(entry?.contentRect.width ?? 0);
    });
    observer.observe(element.current);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, [element]);
  useEffect(() => {
    if (width > 0) chart.current?.setOption(optionOf(buckets, width), { notMerge: true });
  }, [buckets, width, scheme]);
  return chart;
}

function optionOf(buckets: readonly Bucket[], width: number): EChartsCoreOption {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const fontFamily = getComputedStyle(document.body).fontFamily;
  const ticks = ticksOf(buckets, Math.max(2, Math.floor(width / TICK_PX)));
  return {
    animation: false,
    textStyle: { fontFamily },
    grid: { left: 44, right: 12, top: 10, bottom: 24 },
    tooltip: {
      trigger: "axis",
      // Drawn on the canvas: markup would carry style attributes, which our policy refuses.
      renderMode: "richText",
      confine: true,
      axisPointer: { type: "shadow", shadowStyle: { color: color("--line"), opacity: 0.55 } },
      backgroundColor: color("--surface-raised"),
      borderColor: color("--line-strong"),
      textStyle: { color: color("--text"), fontSize: 12.5 },
      formatter: ([item]: { dataIndex: number }[]) => tooltipOf(buckets[item?.dataIndex ?? -1]),
    },
    xAxis: {
      type: "category",
      data: buckets.map((_, index) => ticks.get(index) ?? ""),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: color("--line-strong") } },
      axisLabel: {
        color: color("--text-muted"),
        interval: (index: number) => ticks.has(index),
        hideOverlap: true,
      },
    },
    yAxis: {
      type: "value",
      minInterval: 1,
      splitNumber: 3,
      axisLabel: { color: color("--text-muted"), formatter: formatCompact },
      splitLine: { lineStyle: { color: color("--line") } },
    },
    series: [
      {
        type: "bar",
        data: buckets.map((bucket) => bucket.events),
        itemStyle: { color: color("--bar"), borderRadius: [2, 2, 0, 0] },
        barCategoryGap: buckets.length > 120 ? "0%" : "18%",
        barMaxWidth: 40,
        cursor: "crosshair",
      },
    ],
  };
}

function tooltipOf(bucket: Bucket | undefined): string {
  if (!bucket) return "";
  return `${formatEvents(bucket.events)}\n${formatMinutes(bucket.from, bucket.until)}`;
}
