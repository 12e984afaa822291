// Load on many partitions at once, or at a steady rate: Kafka's ProducerPerformance knows one topic
// and chooses partitions by itself.
//
//   java -cp 'libs/*' Spread.java brokers prefix topics partitionsPerTopic records perSecond lines.jsonl
//
// Topics are prefix-0, prefix-1, ...; perSecond 0 is as fast as possible. Once a second it says on
// stdout how many records are acknowledged: "acked 1234"; at the end "done 5678".

import java.nio.file.*;
import java.util.*;
import java.util.concurrent.atomic.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Spread {
  /** Records in a row for one partition: full batches, as a catch-up meets them. */
  static final int burst = 100;

  public static void main(String[] args) throws Exception {
    var prefix = args[1];
    int topics = Integer.parseInt(args[2]), partitions = Integer.parseInt(args[3]);
    long records = Long.parseLong(args[4]), perSecond = Long.parseLong(args[5]);
    var lines = Files.readAllLines(Path.of(args[6])).stream().map(String::getBytes).toList();
    var acked = new AtomicLong();
    var failure = new AtomicReference<Exception>();
    var config = Map.<String, Object>of(
        "bootstrap.servers", args[0],
        "compression.type", "lz4",
        "batch.size", 1 << 18,
        "buffer.memory", 1L << 27,
        "linger.ms", 50);
    var serializer = new ByteArraySerializer();
    try (var producer = new KafkaProducer<>(config, serializer, serializer)) {
      long started = System.nanoTime(), lastReport = started;
      int inRow = perSecond == 0 ? burst : 1, places = topics * partitions;
      for (long at = 0; at < records && failure.get() == null; at++) {
        int place = (int) (at / inRow % places);
        var topic = prefix + "-" + place / partitions;
        var value = lines.get((int) (at % lines.size()));
        producer.send(new ProducerRecord<>(topic, place % partitions, null, value), (done, error) -> {
          if (error == null) acked.incrementAndGet();
          else failure.compareAndSet(null, error);
        });
        long now = System.nanoTime();
        if (perSecond > 0 && (at + 1) * 1_000_000_000L / perSecond > now - started) {
          long behind = (at + 1) * 1_000_000_000L / perSecond - (now - started);
          // One sleep for many records where they are dense.
          if (behind > 5_000_000) Thread.sleep(behind / 1_000_000);
        }
        if (now - lastReport > 1_000_000_000L) {
          lastReport = now;
          System.out.println("acked " + acked.get());
        }
      }
      producer.flush();
    }
    if (failure.get() != null) throw failure.get();
    System.out.println("done " + acked.get());
  }
}
