// A line of point-to-point links in ns-3: Poisson packets, drop-tail queues, one packet on the wire.
// Flow 0 crosses all hops; flow i enters before hop i and leaves after it. Times are in seconds; a
// mean packet takes one. Compiled by cppyy when tests/ns3/packets.py runs.
#include <map>
#include <vector>

namespace noctua {
using namespace ns3;

constexpr double kMeanBytes = 5000;
constexpr double kLargestBytes = 60000;  // What a packet may have; exp(-12) of them would be larger.
constexpr uint32_t kHeaderBytes = 2;     // PPP

class Line {
 public:
  Line(int seed, int hops, double through, double cross, bool constant, bool redraw, int places,
       uint64_t packets)
      : constant_(constant), redraw_(redraw), wanted_(packets), warm_(packets / 20) {
    RngSeedManager::SetSeed(1);
    RngSeedManager::SetRun(seed);
    size_ = CreateObject<ExponentialRandomVariable>();
    size_->SetAttribute("Mean", DoubleValue(kMeanBytes));
    for (int hop = 0; hop < hops; hop++) AddHop(places);
    for (int flow = 0; flow <= (cross > 0 ? hops : 0); flow++) {
      auto gap = CreateObject<ExponentialRandomVariable>();
      gap->SetAttribute("Mean", DoubleValue(1.0 / (flow == 0 ? through : cross)));
      gaps_.push_back(gap);
      Simulator::Schedule(Seconds(gap->GetValue()), &Line::Emit, this, flow);
    }
    Simulator::Run();
    Simulator::Destroy();
  }

  // Mean delay of what flow 0 got through, and the share of it that was lost.
  std::vector<double> Result() const {
    return {total_ / arrived_, 1.0 - double(arrived_) / double(wanted_ - warm_)};
  }

 private:
  struct Sent {
    int flow;
    double when;
    bool counts;
  };

  void AddHop(int places) {
    Ptr<Node> from = CreateObject<Node>(), to = CreateObject<Node>();
    Ptr<PointToPointChannel> channel = CreateObject<PointToPointChannel>();
    auto out = Device(from, channel, places), in = Device(to, channel, places);
    in->SetReceiveCallback(MakeCallback(&Line::Receive, this));
    outs_.push_back(out);
    ins_.push_back(in);
  }

  Ptr<PointToPointNetDevice> Device(Ptr<Node> node, Ptr<PointToPointChannel> channel, int places) {
    auto device = CreateObject<PointToPointNetDevice>();
    auto queue = CreateObject<DropTailQueue<Packet>>();
    // ns-3 takes the packet on the wire out of its queue; here it has one of the places.
    queue->SetMaxSize(QueueSize(QueueSizeUnit::PACKETS, places - 1));
    device->SetAddress(Mac48Address::Allocate());
    device->SetQueue(queue);
    device->SetDataRate(DataRate(uint64_t(8 * kMeanBytes)));
    node->AddDevice(device);
    device->Attach(channel);
    return device;
  }

  Ptr<Packet> Fresh() {
    double bytes = constant_ ? kMeanBytes : size_->GetValue();
    bytes = std::min(std::max(bytes + 0.5, double(kHeaderBytes)), kLargestBytes);
    return Create<Packet>(uint32_t(bytes) - kHeaderBytes);
  }

  void Emit(int flow) {
    if (made_ >= wanted_) return;
    if (flow == 0) made_++;
    Inject(Fresh(), flow == 0 ? 0 : flow - 1,
           {flow, Simulator::Now().GetSeconds(), flow == 0 && made_ > warm_});
    Simulator::Schedule(Seconds(gaps_[flow]->GetValue()), &Line::Emit, this, flow);
  }

  void Inject(Ptr<Packet> packet, int hop, Sent sent) {
    sent_[packet->GetUid()] = sent;
    if (!outs_[hop]->Send(packet, outs_[hop]->GetBroadcast(), 0x0800)) sent_.erase(packet->GetUid());
  }

  bool Receive(Ptr<NetDevice> device, Ptr<const Packet> packet, uint16_t, const Address&) {
    auto found = sent_.find(packet->GetUid());
    Sent sent = found->second;
    sent_.erase(found);
    if (sent.flow != 0) return true;
    size_t hop = 0;
    while (ins_[hop] != device) hop++;
    if (hop + 1 < ins_.size()) {
      Inject(redraw_ ? Fresh() : packet->Copy(), int(hop + 1), sent);
    } else if (sent.counts) {
      arrived_++;
      total_ += Simulator::Now().GetSeconds() - sent.when;
    }
    return true;
  }

  bool constant_, redraw_;
  uint64_t wanted_, warm_, made_ = 0, arrived_ = 0;
  double total_ = 0;
  Ptr<ExponentialRandomVariable> size_;
  std::vector<Ptr<ExponentialRandomVariable>> gaps_;
  std::vector<Ptr<PointToPointNetDevice>> outs_, ins_;
  std::map<uint64_t, Sent> sent_;
};
}  // namespace noctua
